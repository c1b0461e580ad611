import './late.css';
export default () => document.body.classList.add('late');
